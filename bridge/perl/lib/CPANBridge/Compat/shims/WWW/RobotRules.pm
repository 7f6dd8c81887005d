package WWW::RobotRules;

use 5.014;
use strict;
use warnings;

use URI ();

our $VERSION = '6.02';

sub new {
    my ( $class, $agent ) = @_;
    my $self = bless {}, $class;
    $self->agent($agent);
    return $self;
}

sub agent {
    my ( $self, $name ) = @_;
    my $old = $self->{ua};
    if ( defined $name ) {
        $name = $1 if $name =~ m{\A(\S+)};
        $name =~ s{/.*}{}s;
        if ( !defined $old || $old ne $name ) {
            delete $self->{loc};
            $self->{ua} = $name;
        }
    }
    return $old;
}

# Whether a record's name is that of this robot.
sub is_me {
    my ( $self, $name ) = @_;
    return index( lc( $self->agent ), lc $name ) >= 0 ? 1 : 0;
}

sub parse {
    my ( $self, $url, $text, $until ) = @_;
    my $uri   = URI->new("$url");
    my $place = $uri->host_port;
    $self->clear_rules($place);
    $self->fresh_until( $place, defined $until ? $until : time + 365 * 86_400 );
    my ( @for_me, @for_all, $me, $all, $mine, $in_rules );
    for my $line ( split /\015?\012|\015/, $text ) {
        next if $line =~ /\A\s*#/;
        $line =~ s/\s*#.*//s;
        if ( $line !~ /\S/ ) {
            last if $mine;
            ( $me, $all, $in_rules ) = ( 0, 0, 0 );
        }
        elsif ( $line =~ /\A\s*User-?Agent\s*:\s*(.*?)\s*\z/i ) {
            my $name = $1;
            if ($in_rules) {    # a blank line was forgotten
                last if $mine;
                ( $me, $all, $in_rules ) = ( 0, 0, 0 );
            }
            if    ( $name eq '*' )                           { $all = 1 }
            elsif ( length $name && $self->is_me($name) ) { $me = $mine = 1 }
        }
        elsif ( $line =~ /\A\s*Disallow\s*:\s*(.*?)\s*\z/i ) {
            $in_rules = 1;
            my $path = _path( $1, $uri );
            next if !defined $path;
            push @for_me, $path if $me;
            push @for_all, $path if $all && !$me;
        }
    }
    $self->push_rules( $place, $mine ? @for_me : @for_all );
    return;
}

# What is forbidden, as a path at this place; undef where another place is meant.
sub _path {
    my ( $rule, $uri ) = @_;
    return '' if !length $rule;
    my $target = eval { URI->new_abs( $rule, $uri ) };
    return undef if !$target || $target->scheme ne $uri->scheme || !$target->can('host_port') || lc $target->host_port ne lc $uri->host_port;    ## no critic (ProhibitExplicitReturnUndef)
    my $path = $target->path_query;
    return length $path ? $path : '/';
}

sub allowed {
    my ( $self, $uri ) = @_;
    $uri = URI->new("$uri");
    return -1 if !$uri->can('host_port');    # no rules for what is no server
    my $place = $uri->host_port;
    my $until = $self->fresh_until($place);
    return -1 if !defined $until || $until < time;
    my $path = $uri->path_query;
    $path = '/' if !length $path;
    for my $rule ( $self->rules($place) ) {
        return 1 if !length $rule;
        return 0 if index( $path, $rule ) == 0;
    }
    return 1;
}

# --- the store, for subclasses ------------------------------------------------------------------------------------

sub fresh_until {
    my ( $self, $place, @new ) = @_;
    my $old = $self->{loc}{$place}{fresh};
    $self->{loc}{$place}{fresh} = $new[0] if @new;
    return $old;
}

sub push_rules  { my ( $self, $place, @rules ) = @_; push @{ $self->{loc}{$place}{rules} }, @rules; return }
sub clear_rules { my ( $self, $place ) = @_; delete $self->{loc}{$place}{rules}; return }
sub rules       { my ( $self, $place ) = @_; return @{ $self->{loc}{$place}{rules} || [] } }
sub no_visits   { my ( $self, $place ) = @_; return $self->{loc}{$place}{count} || 0 }
sub last_visit  { my ( $self, $place ) = @_; return $self->{loc}{$place}{last} }

sub visit {
    my ( $self, $place, $time ) = @_;
    $self->{loc}{$place}{last} = $time || time;
    $self->{loc}{$place}{count}++;
    return;
}

sub dump {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self) = @_;
    for my $place ( sort keys %{ $self->{loc} || {} } ) {
        print "$place: ", join( ' ', map { length $_ ? $_ : "''" } $self->rules($place) ), "\n";
    }
    return;
}

1;

__END__

=head1 NAME

WWW::RobotRules - what robots.txt allows

=head1 SYNOPSIS

    use WWW::RobotRules;

    my $rules = WWW::RobotRules->new('MyRobot/1.0');
    $rules->parse( 'http://www.example.org/robots.txt', $text );
    print "may\n" if $rules->allowed('http://www.example.org/list');

=head1 COVERED

All of WWW::RobotRules 6.02 but WWW::RobotRules::AnyDBM_File. A replacement that comes with L<CPANBridge::Compat>.

=cut
