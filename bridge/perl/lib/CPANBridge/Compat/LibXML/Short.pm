package CPANBridge::Compat::LibXML::Short;

# The tree of a short document, found here: a round trip to the daemon takes longer than a few tags do. What comes out is
# what the daemon sends, the text that libxml2 writes of a tree. Documents that are less than plain, and above all those in
# which something may be wrong, are left to libxml2.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::XML::Short ();

our $VERSION = '0.1.0';

# Options of the daemon's that make no difference to a document without a DTD.
my %HARMLESS = map { $_ => 1 } qw(expand_entities recover load_ext_dtd complete_attributes huge url);

# libxml2 has a limit, too.
my $DEEPEST = 200;

my %ESCAPE = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;', "\t" => '&#9;', "\n" => '&#10;', "\r" => '&#13;' );

my $PART    = qr/[A-Za-z_][A-Za-z0-9_.\-]*/;
my $ADDRESS = qr{\A(?:https?://[A-Za-z0-9.\-]+(?:/[A-Za-z0-9/.\-_~]*)?|urn:[A-Za-z0-9:.\-_]+)(?:\#[A-Za-z0-9.\-_]*)?\z};

# Addresses that namespaces of a program's own cannot have.
my %RESERVED = map { $_ => 1 } qw(http://www.w3.org/XML/1998/namespace http://www.w3.org/2000/xmlns/);

# Attributes that need no declaration, and what they hold.
my %PREDEFINED = ( 'xml:lang' => qr/\A[A-Za-z]{2}(?:-[A-Za-z]{2})?\z/, 'xml:space' => qr/\A(?:default|preserve)\z/ );

# What the daemon's function parse answers to a document in bytes; nothing for one that is not as plain as that.
sub parse {
    my ( $bytes, $options ) = @_;
    return if length $bytes > $CPANBridge::Compat::XML::Short::LONGEST;
    for my $name ( keys %$options ) {
        next if $HARMLESS{$name};
        return if $name ne 'encoding' || $options->{encoding} !~ /\Autf-8\z/i;
    }
    my $events = CPANBridge::Compat::XML::Short::events($bytes) or return;
    my $has_prefixes = $bytes =~ /xmlns|<[^ \t\n<>"'=]*:|:[^ \t\n<>"'=]*[ \t\n]*=[ \t\n]*["']/;
    my ( $depth, $next, $text, $is_open, $is_section, @scopes ) = ( 0, 0, '' );
    my $scope = {};
    my $texts = $events->{texts};
    for my $kind ( split //, $events->{kinds} ) {
        if ( $kind eq 'E' ) {
            my $name = $texts->[ $next++ ];
            if   ($is_open) { $text .= '/>'; undef $is_open }
            else            { $text .= "</$name>" }
            $scope = pop @scopes if $has_prefixes;
            $depth--;
            next;
        }
        if ($is_open) { $text .= '>'; undef $is_open }
        if ( $kind eq 'S' || $kind eq 'A' ) {
            my $name = $texts->[ $next++ ];
            my $attributes = $kind eq 'A' ? $texts->[ $next++ ] : [];
            if ($has_prefixes) {
                push @scopes, $scope;
                ( $scope, $attributes ) = _namespaces( $scope, $name, $attributes ) or return;
            }
            return if ++$depth > $DEEPEST;
            $text .= "<$name";
            for ( my $at = 0 ; $at < @$attributes ; $at += 2 ) {
                my $value = $attributes->[ $at + 1 ];
                $value =~ s/([&<>"\t\n\r])/$ESCAPE{$1}/g if $value =~ tr/&<>"\t\n\r//;
                $text .= qq( $attributes->[$at]="$value");
            }
            $is_open = 1;
        }
        elsif ( $kind eq 'C' ) {
            my $content = $texts->[ $next++ ];
            $content =~ s/([&<>\r])/$ESCAPE{$1}/g if !$is_section && $content =~ tr/&<>\r//;
            $text .= $content;
        }
        elsif ( $kind eq 'D' ) { $next++ }
        elsif ( $kind eq 'M' ) { $text .= '<!--' . $texts->[ $next++ ] . '-->' }
        elsif ( $kind eq 'P' ) {
            my ( $target, $data ) = split /\x01/, $texts->[ $next++ ], 2;
            return if index( $target, ':' ) >= 0 || $target =~ /\A[xX][mM][lL](?!-stylesheet\z)/ || !length $data;
            $text .= "<?$target $data?>";
        }
        elsif ( $kind eq '[' ) { $text .= '<![CDATA['; $is_section = length $text }
        elsif ( $kind eq ']' ) {
            return if length $text == $is_section;
            $text .= ']]>';
            undef $is_section;
        }
    }
    utf8::encode($text) if utf8::is_utf8($text);
    return { text => $text, problems => [], version => '1.0' };
}

# What counts in an element, prefix => address, and its attributes as libxml2 writes them, declarations first; nothing where
# something may be wrong with its namespaces.
sub _namespaces {
    my ( $scope, $element, $attributes ) = @_;
    my ( %new, @declarations, @others, %given );
    for ( my $at = 0 ; $at < @$attributes ; $at += 2 ) {
        my ( $name, $value ) = @$attributes[ $at, $at + 1 ];
        if ( substr( $name, 0, 5 ) eq 'xmlns' ) {
            return if $value !~ $ADDRESS || $RESERVED{$value} || $name !~ /\Axmlns(?::((?![xX][mM][lL])$PART))?\z/;
            $new{ defined $1 ? $1 : '' } = $value;
            push @declarations, $name, $value;
        }
        else { push @others, $name, $value }
    }
    $scope = { %$scope, %new } if %new;
    for ( my $at = 0 ; $at < @others ; $at += 2 ) {
        next if index( $others[$at], ':' ) < 0;
        if ( my $good = $PREDEFINED{ $others[$at] } ) { return if $others[ $at + 1 ] !~ $good }
        else {
            return if $others[$at] !~ /\A($PART):($PART)\z/ || !defined $scope->{$1} || $given{"$scope->{$1} $2"}++;
        }
    }
    return if index( $element, ':' ) >= 0 && ( $element !~ /\A($PART):$PART\z/ || !defined $scope->{$1} );
    return ( $scope, [ @declarations, @others ] );
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Short - reads short XML documents without the daemon

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it. See L<CPANBridge::Compat::XML::Short> for which documents these
are.

=head1 FUNCTIONS

=head2 parse

    my $answer = parse( $bytes, \%options );

What L<CPANBridge::Compat::LibXML::Daemon/parse> answers, or nothing where the daemon must read the document.

=cut
