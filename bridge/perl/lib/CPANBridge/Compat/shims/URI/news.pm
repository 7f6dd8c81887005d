package URI::news;

use 5.014;
use strict;
use warnings;

use parent 'URI::_server';

our $VERSION = '5.17';

use URI::Escape ();

sub default_port { return 119 }

sub _news_path {
    my ( $self, @new ) = @_;
    my $old = $self->path;
    if (@new) {
        my $path = $new[0];
        $path = "/$path" if defined $self->authority && $path !~ m{\A/};
        $self->path($path);
    }
    $old =~ s{\A/}{};
    return URI::Escape::uri_unescape($old);
}

sub message {
    my ( $self, @new ) = @_;
    if (@new) {
        my ($id) = @new;
        $id = '' if !defined $id;
        $id =~ s/\A<(.*)>\z/$1/;
        if ( $id !~ /\@/ ) {
            require Carp;
            Carp::croak('Message id must contain @');
        }
        $id =~ s/([%?#])/URI::Escape::escape_char($1)/ge;
        my $old = $self->_news_path($id);
        return $old =~ /\@/ ? $old : undef;
    }
    my $old = $self->_news_path;
    return $old =~ /\@/ ? $old : undef;
}

sub group {
    my ( $self, @new ) = @_;
    my $old = $self->_news_path;
    if (@new) {
        my ( $group, $from, $to ) = @new;
        if ( $group =~ /\@/ ) {
            require Carp;
            Carp::croak('Group name can\'t contain @');
        }
        $group =~ s/([%?#])/URI::Escape::escape_char($1)/ge;
        $group .= "/$from" if defined $from;
        $group .= "-$to"   if defined $from && defined $to;
        $self->_news_path($group);
    }
    return undef if $old =~ /\@/;    ## no critic (ProhibitExplicitReturnUndef)
    my ( $name, $range ) = split m{/}, $old, 2;
    return wantarray ? ( $name, defined $range ? split( /-/, $range, 2 ) : () ) : $name;
}


1;

__END__

=head1 NAME

URI::news - addresses of newsgroups and their messages

=head1 DESCRIPTION

Part of L<URI>.

=cut
