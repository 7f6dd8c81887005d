package XML::LibXML::Text;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use XML::LibXML::Node ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

sub new { my ( $class, $text ) = @_; return new_wrapped( new_node( TEXT, undef, as_chars($text) ) ) }

sub attributes { return }

*data = \&XML::LibXML::Node::nodeValue;

sub setData {
    my ( $self, $text ) = @_;
    $self->[0][VALUE] = as_chars( $text, $self->[0] );
    return;
}

sub _become { my ( $self, $text ) = @_; $self->[0][VALUE] = $text; return }

sub substringData {
    my ( $self, $from, $length ) = @_;
    my $text = $self->[0][VALUE];
    return '' if $from < 0 || $length < 0 || $from > length $text;
    return substr $text, $from, $length;
}

sub appendData {
    my ( $self, $text ) = @_;
    $self->_become( $self->[0][VALUE] . as_chars( $text, $self->[0] ) ) if defined $text && length $text;
    return;
}

sub insertData {
    my ( $self, $at, $text ) = @_;
    return if $at < 0 || !defined $text || !length $text;
    my $own = $self->[0][VALUE];
    $at = length $own if $at > length $own;
    substr( $own, $at, 0 ) = as_chars( $text, $self->[0] );
    $self->_become($own);
    return;
}

sub deleteData {
    my ( $self, $from, $length ) = @_;
    return $self->replaceData( $from, $length, '' );
}

sub replaceData {
    my ( $self, $from, $length, $text ) = @_;
    my $own = $self->[0][VALUE];
    return if $from < 0 || $length < 0 || $from >= length $own;
    substr( $own, $from, $length ) = as_chars( $text, $self->[0] );
    $self->_become($own);
    return;
}

sub replaceDataString {
    my ( $self, $old, $new, $all ) = @_;
    return $self->replaceDataRegEx( quotemeta $old, $new =~ s/([\\\$\@])/\\$1/gr, $all ? 'g' : '' );
}

sub deleteDataString { my ( $self, $text, $all ) = @_; return $self->replaceDataString( $text, '', $all ) }

# The replacement may use $1, $2, $& and so on.
sub replaceDataRegEx {
    my ( $self, $pattern, $replacement, $flags ) = @_;
    return if !defined $pattern;
    $flags = '' if !defined $flags;
    Carp::croak("replaceDataRegEx: unknown flags '$flags'") if $flags =~ /[^gimsx]/;
    my $modes   = $flags =~ s/[^imsx]//gr;
    my $matcher = length $modes ? qr/(?$modes)$pattern/ : qr/$pattern/;
    my $text    = $self->[0][VALUE];
    my $filled  = sub {
        my @groups = ( substr( $text, $-[0], $+[0] - $-[0] ), map { defined $-[$_] ? substr( $text, $-[$_], $+[$_] - $-[$_] ) : '' } 1 .. $#+ );
        return ( defined $replacement ? $replacement : '' ) =~ s/\\(.)|\$(?:\{(\d+)\}|(\d+)|(&))/defined $1 ? $1 : $groups[ defined $2 ? $2 : defined $3 ? $3 : 0 ] \/\/ ''/gesr;
    };
    my ( $out, $at ) = ( '', 0 );
    while ( $text =~ /$matcher/g ) {
        my ( $from, $to ) = ( $-[0], $+[0] );
        $out .= substr( $text, $at, $from - $at ) . $filled->();
        $at = $to;
        last if $flags !~ /g/;
    }
    $self->_become( $out . substr $text, $at );
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Text - text nodes (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
